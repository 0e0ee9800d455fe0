"""Payload encryption at rest (WH-25): wrappers around the ports that seal what goes in and open what comes out."""
