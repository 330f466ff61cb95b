from app.memos.models import Memo
from tests.factories import RowFactory


class MemoFactory(RowFactory[Memo]):
    """Memos of an owner, whom the test passes."""
