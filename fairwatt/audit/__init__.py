"""Histories of any tool, audited: what was spent, and what is left of the verdict at matched cost."""
