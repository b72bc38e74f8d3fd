"""The results of the project report, as it states them, and what a recalculation says of them. Nothing was run here."""
