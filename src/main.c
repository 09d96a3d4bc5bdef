/* SPDX-License-Identifier: MIT */
/* Start order and shutdown order, nothing else. */
int main(void)
{
	return 0;
}
