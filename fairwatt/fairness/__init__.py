"""Whether a study was fair: what its very runs show of each threat, found a second time and without the ledger."""
