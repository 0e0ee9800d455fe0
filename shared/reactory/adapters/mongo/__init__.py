"""The ports on MongoDB: instances, definitions, blobs, and the schema that they need."""
