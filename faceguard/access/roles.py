"""Who may do what; whoever carries an action out asks here, not the window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from faceguard.domain.errors import NotPermitted

IDLE_LOCK_NS: Final = 120 * 1_000_000_000
"""The admin's rights end after two minutes without use."""


class Role(StrEnum):
    """Whoever sits before the program; the kiosk is nobody."""

    KIOSK = "kiosk"
    OPERATOR = "operator"
    ADMIN = "admin"


class Action(StrEnum):
    """What needs a right."""

    ENROL = "enrol a person"
    REMOVE = "remove a person"
    SET_PIN = "set a person's PIN"
    LABEL_EVENT = "label an event"
    CHANGE_SETTING = "change this setting"
    CHANGE_ADMIN_SETTING = "change what only the admin may change"
    SEE_SCORES = "see distances"
    MANAGE_MODELS = "add or remove networks"
    LEAVE_KIOSK = "leave the kiosk"


_OPERATOR: Final = frozenset({Action.ENROL, Action.REMOVE, Action.SET_PIN, Action.LABEL_EVENT, Action.CHANGE_SETTING})
RIGHTS: Final[Mapping[Role, frozenset[Action]]] = MappingProxyType(
    {Role.KIOSK: frozenset(), Role.OPERATOR: _OPERATOR, Role.ADMIN: frozenset(Action)}
)


def require(role: Role, action: Action) -> None:
    """Raises ``NotPermitted`` unless the role has the right."""
    if action not in RIGHTS[role]:
        raise NotPermitted(f"To {action.value}, enter the admin PIN first.", f"{role} may not {action.name}")


class RoleSession:
    """The operator, who is the admin for two minutes after the admin PIN was right and after each use of it.

    Args:
        clock: monotonic nanoseconds.
        base: the role without the PIN.
    """

    def __init__(self, clock: Callable[[], int], base: Role = Role.OPERATOR) -> None:
        self._clock = clock
        self._base = base
        self._admin_until = -1

    @property
    def role(self) -> Role:
        """The present role."""
        return Role.ADMIN if self._clock() < self._admin_until else self._base

    def unlock(self) -> None:
        """Become the admin; the caller has checked the PIN."""
        self._admin_until = self._clock() + IDLE_LOCK_NS

    def lock(self) -> None:
        """Give the admin's rights up."""
        self._admin_until = -1

    def require(self, action: Action) -> None:
        """As ``require``; a right that only the admin has renews the two minutes."""
        require(self.role, action)
        if self.role is Role.ADMIN and action not in RIGHTS[self._base]:
            self.unlock()
