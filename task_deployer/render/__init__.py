"""Everything that people and scripts read: words, colours on a terminal, one JSON document."""
