"""Lambda functions of the ErrorHandler: its API, and where all dead letters go."""
