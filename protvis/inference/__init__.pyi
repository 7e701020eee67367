from .complex_attention import compute_complex_attention as compute_complex_attention
from .cost import PassEstimate as PassEstimate
from .residue_attention import compute_attention as compute_attention
