/* SPDX-License-Identifier: MIT */
/* leadbridged: says what it was asked to say, or runs. */
#include "base/fault.h"
#include "operate/daemon.h"
#include "operate/options.h"

int main(int argc, char **argv)
{
	struct options options;
	if (options_parse(argc, argv, &options) != 0)
		return 2;
	if (fault_setup() != 0)
		return 2;
	if (options.action != ACTION_RUN)
		return options_act(&options);
	return daemon_run(options.config);
}
