"""The run store: plain folders that any process can read. No torch here."""
