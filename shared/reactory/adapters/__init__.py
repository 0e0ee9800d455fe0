"""Implementations of the ports: MongoDB, AWS, memory. Only ``reactory.bootstrap`` knows them."""
