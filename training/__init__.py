"""How the bundled ``mini`` model is trained and measured; outside the package, run from a clone."""
