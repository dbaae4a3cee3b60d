"""The augmented Chebyshev function, by which several objectives become one number: for files, planners and cells alike.

Knowles, IEEE Trans. Evol. Comput. 10 (2006) 50. A module of its own, so that planners need nothing that reads files.
"""

from __future__ import annotations

SUM_SHARE = 0.05
"""How much the sum counts beside the worst shortfall, so that no objective is ever without influence."""
