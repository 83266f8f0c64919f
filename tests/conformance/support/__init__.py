"""What the tests of all clients share: the target, records, processes, waiting."""
