from .analyze_dataset import analyze as analyze
from .head_report import HeadReport as HeadReport
from .report_file import load_report as load_report
