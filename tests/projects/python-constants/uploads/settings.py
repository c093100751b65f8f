import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
CACHE_DIR = BASE_DIR / "cache"
UPLOADS = Path(os.environ.get("UPLOADS", "/data/uploads"))
