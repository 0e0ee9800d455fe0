"""The Reactory Workflow Engine: durable workflows on AWS Lambda and MongoDB, complete on a laptop."""
