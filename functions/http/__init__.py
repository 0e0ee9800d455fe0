"""What every component's HTTP API shares: the request as an endpoint sees it, answers, problem documents, routing."""
