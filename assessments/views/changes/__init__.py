"""What changed between two reviews, submissions or revisions of a program."""
