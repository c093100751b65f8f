import locale
import subprocess
import time
from datetime import datetime
from zoneinfo import ZoneInfo

import humanize

locale.setlocale(locale.LC_ALL, "")
while True:
    version = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    now = datetime.now(ZoneInfo("Europe/Berlin"))
    print(locale.format_string("%.2f", 1234.5, grouping=True), now.tzname(), humanize.naturalsize(12345), version)
    time.sleep(60)
