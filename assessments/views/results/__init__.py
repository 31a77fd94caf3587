"""The result of a review and of a program, and the pages that go deeper: robustness, risk, stress."""
