"""The pages of a review's workspace up to its panel: opening, set-up, score sheet, panel."""
