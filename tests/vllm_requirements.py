"""What a wheel requires, but for what nothing here needs: torch (installed before), sound and pictures, and the extras.

python tests/vllm_requirements.py WHEEL
"""

import sys
import zipfile
from email.parser import Parser

with zipfile.ZipFile(sys.argv[1]) as wheel:
    metadata = Parser().parsestr(wheel.read(next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))).decode())
for requirement in metadata.get_all("Requires-Dist", []):
    if "extra ==" not in requirement and not requirement.startswith(("torch", "setuptools")):
        print(requirement)
