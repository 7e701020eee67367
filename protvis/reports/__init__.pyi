from .analyze_dataset import analyze as analyze
from .head_report import HeadReport as HeadReport
from .head_report import load_report as load_report
