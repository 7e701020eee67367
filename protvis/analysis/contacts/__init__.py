"""How well attention predicts contacts: ranked pairs, precision, combinations of heads."""
