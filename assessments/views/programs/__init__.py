"""Pages of programs: the overview, the facts and their draft, revisions, files."""
