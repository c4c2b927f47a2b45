"""The facade of the library: a workspace, what goes into it, and the answers that come out."""
