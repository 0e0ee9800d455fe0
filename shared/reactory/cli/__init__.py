"""The command line: ``reactory <noun> <verb>``. Heavy modules are imported inside the commands that need them."""
