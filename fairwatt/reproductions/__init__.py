"""Figures and tables of papers, made again, each with its label and its deviation."""
