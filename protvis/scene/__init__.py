"""Everything one explorer shows, as plain data and as the bytes that cross to the browser."""

from protvis.scene.chain_attention import ChainAttention, capture_chain
from protvis.scene.link_table import LinkTable
from protvis.scene.scene import Scene, build_scene
from protvis.scene.scene_builder import DEFAULT_MODEL, open_scene
from protvis.scene.user_map import OwnMap
from protvis.scene.view_state import ViewState

__all__ = [
    "DEFAULT_MODEL",
    "ChainAttention",
    "LinkTable",
    "OwnMap",
    "Scene",
    "ViewState",
    "build_scene",
    "capture_chain",
    "open_scene",
]
