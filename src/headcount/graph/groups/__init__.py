"""Groups of nodes: dense, close, alike or acting together; and what they are compared with."""
