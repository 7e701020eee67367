from .comparison_view import explore_comparison as explore_comparison
from .explorer import AttentionExplorer as AttentionExplorer
from .flow_view import explore_flow as explore_flow
from .neighbours import side_by_side as side_by_side
from .open_explorer import explore as explore
from .structure_view import StructureView as StructureView
