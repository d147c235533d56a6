"""Which networks there are: their cards, the bundled ones and those that an admin brought along."""
