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

# libjq 1.6 has no pkg-config file.
find_path(LB_JQ_INCLUDE jq.h REQUIRED)
find_library(LB_JQ_LIBRARY jq REQUIRED)
add_library(lb_jq INTERFACE)
target_include_directories(lb_jq SYSTEM INTERFACE ${LB_JQ_INCLUDE})
target_link_libraries(lb_jq INTERFACE ${LB_JQ_LIBRARY})
add_library(lb::jq ALIAS lb_jq)
