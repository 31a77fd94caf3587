"""The approval tab of a review: what is missing, what is proposed, who signs, and what was decided."""
