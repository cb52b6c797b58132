"""What is set beside the rules, taken back to how it was."""

from typing import Any, ClassVar

from audit.models import PermissionException, PermissionPosture
from audit.permissions import store
from audit.permissions.latitude import choosing, excepting


class PostureAdapter:
    """Makes postures restorable in place."""

    rows: ClassVar[Any] = PermissionPosture.objects
    state: ClassVar[Any] = staticmethod(choosing.state)

    def read(self, entity_id: str) -> Any:
        row = self.rows.locked().filter(uid=store.checked_uid(entity_id)).first()
        return self.state(row) if row else None

    def write(self, entity_id: str, state: Any) -> None:
        store.require_admin()
        uid = store.checked_uid(entity_id)
        if state is None:
            self.rows.filter(uid=uid).delete()
        else:
            self.rows.update_or_create(uid=uid, defaults=state)
        store.compile_after_commit()


class ExceptionAdapter(PostureAdapter):
    """Makes exceptions restorable in place."""

    rows: ClassVar[Any] = PermissionException.objects
    state = staticmethod(excepting.state)
