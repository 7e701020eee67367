from .catalogue import ModelEntry as ModelEntry
from .catalogue import list_models as list_models
from .model import ProteinModel as ProteinModel
from .model_argument import as_model as as_model
from .model_loader import load_model as load_model
from .model_loader import wrap_model as wrap_model
