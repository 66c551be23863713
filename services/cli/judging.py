"""How often an answer is the known one. A row without a known answer is not judged."""

from dataclasses import dataclass


@dataclass(slots=True)
class Agreement:
    labelled: int = 0
    right: int = 0

    def judge(self, label: str, *answers: str | None) -> bool:
        """Count one row; False where it has a label and no answer is that."""
        if not label:
            return True
        right = label in answers
        self.labelled += 1
        self.right += right
        return right

    @property
    def rate(self) -> float | None:
        """None where nothing was judged."""
        return self.right / self.labelled if self.labelled else None
