"""The ports on AWS, with boto3: SQS, EventBridge, S3. Nothing here is imported before it is used."""
