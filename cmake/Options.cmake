# SPDX-License-Identifier: MIT
# One INTERFACE target carries language level, warnings, hardening and
# sanitizers; every target of ours links it.
add_library(lb_options INTERFACE)
target_compile_features(lb_options INTERFACE c_std_17)
set(CMAKE_C_EXTENSIONS ON)
target_compile_definitions(lb_options INTERFACE
	_GNU_SOURCE LB_VERSION="${PROJECT_VERSION}"
	LB_PROFILE_DIR="${LB_PROFILE_DIR}")
target_include_directories(lb_options INTERFACE
	${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
target_compile_options(lb_options INTERFACE
	-include ${CMAKE_SOURCE_DIR}/src/base/banned.h
	-fno-common -fno-strict-aliasing
	-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
	-Wformat=2 -Wundef -Wvla -Walloca -Wcast-qual -Wwrite-strings
	-Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes
	-Wold-style-definition -Wswitch-enum -Wimplicit-fallthrough
	-Wnull-dereference -Wdouble-promotion -Wredundant-decls
	-Wframe-larger-than=16384 -Wdate-time
	-Werror=implicit -Werror=incompatible-pointer-types
	-Werror=int-conversion -Werror=return-type -Werror=format-security)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
	target_compile_options(lb_options INTERFACE
		-Wduplicated-cond -Wduplicated-branches -Wlogical-op
		-Wjump-misses-init -Wformat-overflow=2
		-Walloc-zero -Wtrampolines -Wcast-align=strict
		-Wstringop-overflow=4 -Warray-parameter=2 -Wuse-after-free=3
		-Wdangling-pointer=2 -Wbidi-chars=any -Winfinite-recursion)
else()
	target_compile_options(lb_options INTERFACE
		-Wconditional-uninitialized -Wcomma -Wshorten-64-to-32
		-Wassign-enum -Wunreachable-code
		-Wmissing-variable-declarations -Wcast-align)
endif()
if(LB_WERROR)
	target_compile_options(lb_options INTERFACE -Werror)
endif()

if(LB_SANITIZE)
	target_compile_options(lb_options INTERFACE -fsanitize=${LB_SANITIZE}
		-fno-omit-frame-pointer)
	target_link_options(lb_options INTERFACE -fsanitize=${LB_SANITIZE})
	if(LB_SANITIZE MATCHES "undefined")
		target_compile_options(lb_options INTERFACE
			-fno-sanitize-recover=undefined)
	endif()
elseif(LB_HARDEN AND NOT LB_COVERAGE)
	target_compile_options(lb_options INTERFACE
		-fstack-protector-strong -fstack-clash-protection
		-fcf-protection=full -fno-delete-null-pointer-checks)
	if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
		target_compile_options(lb_options INTERFACE
			-ftrivial-auto-var-init=zero)
	endif()
	if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
		target_compile_options(lb_options INTERFACE
			-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
	endif()
	target_link_options(lb_options INTERFACE
		-Wl,-z,relro,-z,now,-z,noexecstack,--as-needed)
endif()
if(LB_COVERAGE)
	target_compile_options(lb_options INTERFACE --coverage -O0)
	target_link_options(lb_options INTERFACE --coverage)
endif()
if(LB_FAULTS)
	target_compile_definitions(lb_options INTERFACE LB_FAULTS=1)
endif()
if(LB_FUZZ)
	target_compile_options(lb_options INTERFACE
		-fsanitize=fuzzer-no-link,address,undefined
		-fno-sanitize-recover=undefined -fno-omit-frame-pointer)
	target_link_options(lb_options INTERFACE -fsanitize=address,undefined)
endif()
