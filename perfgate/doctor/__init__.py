"""Is this machine fit to measure on: an A/A run on it, a grade, which changes it can detect, and what to improve.

measure   live pairs of small workloads, the same code on both sides   -> ProbeResult
examine   the machine's facts and the result of the run                -> Diagnosis
"""

from perfgate.doctor.diagnosis import Diagnosis, examine
from perfgate.doctor.grades import DetectableChange, Grade
from perfgate.doctor.probe import ProbeResult, measure

__all__ = ["DetectableChange", "Diagnosis", "Grade", "ProbeResult", "examine", "measure"]
