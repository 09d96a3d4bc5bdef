# SPDX-License-Identifier: MIT
# Third-party libraries as imported targets: their headers count as system
# headers and are exempt from our warnings.
find_package(PkgConfig REQUIRED)

function(lb_library name)
	pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${ARGN})
	add_library(lb::${name} ALIAS PkgConfig::${name})
endfunction()

lb_library(event libevent libevent_openssl)
lb_library(curl libcurl)
lb_library(json json-c)
lb_library(crypto openssl)
lb_library(sqlite sqlite3)
lb_library(yaml yaml-0.1)
lb_library(expat expat)
lb_library(systemd libsystemd)
