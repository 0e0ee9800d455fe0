"""The durable pass: claim, recover, absorb, run, settle, tell. The only code that advances an instance."""
