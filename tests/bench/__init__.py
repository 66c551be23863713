"""The speed and memory lines: each against a floor, in one run, on a real Kafka and a real PostgreSQL."""
