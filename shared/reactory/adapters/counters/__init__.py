"""Breakers, buckets and slots, written once over a table of items that each change by conditional updates."""
