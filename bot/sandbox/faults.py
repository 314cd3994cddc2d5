"""What goes wrong between Slack and an app, on demand: lost, doubled, late and swapped deliveries, refused calls, dropped sockets."""

from dataclasses import dataclass, field


@dataclass
class Faults:
    """Set by the control API. Counts run down as the faults happen; the rest stays until it is set otherwise."""

    duplicate: int = 0  # extra deliveries of each event
    delay: float = 0.0  # seconds before each delivery
    reorder: bool = False  # events arrive in pairs, the later one first
    mute: bool = False  # events are lost, as when Slack gave up on the app
    refuse: dict[str, int] = field(default_factory=dict)  # method: calls still to be refused with 429
    retry_after: int = 1  # seconds told with a 429
    fail: dict[str, int] = field(default_factory=dict)  # method: calls still to be answered with 500

    def set(self, **settings: object) -> None:
        """Change some of them. Raises TypeError for one that there is not."""
        for name, value in settings.items():
            if name not in self.__dataclass_fields__:
                raise TypeError(f"no such fault: {name}")
            setattr(self, name, value)

    def refused(self, method: str) -> bool:
        """Is this call one too many?"""
        return _spend(self.refuse, method)

    def failed(self, method: str) -> bool:
        """Does Slack fail on this call?"""
        return _spend(self.fail, method)


def _spend(counts: dict[str, int], method: str) -> bool:
    left = counts.get(method, 0)
    counts[method] = max(0, left - 1)
    return left > 0
