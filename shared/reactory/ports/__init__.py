"""What the engine needs from outside, as protocols: store, queue, bus, clock, blobs. Adapters implement them."""
