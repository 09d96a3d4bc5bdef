# SPDX-License-Identifier: MIT
"""What the integration tests and the demo share. Standard library only."""
