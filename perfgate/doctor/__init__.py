"""Whether this machine can carry a gate: what is known of it, an A/A run on it, a grade, and what to change.

measure   live pairs of small workloads, the same code on both sides   -> Measured
examine   the machine's facts and what was measured                    -> Diagnosis
"""

from perfgate.doctor.judgement import Diagnosis, Grade, Reach, examine
from perfgate.doctor.probe import Measured, measure

__all__ = ["Diagnosis", "Grade", "Measured", "Reach", "examine", "measure"]
