# SPDX-License-Identifier: MIT
# What goes where: programs, units, profiles, man pages, documentation.
install(TARGETS leadbridged RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS leadbridgectl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY conf/profiles/ DESTINATION ${LB_PROFILE_DIR}
	FILES_MATCHING PATTERN "*.yaml")
install(FILES README.md TYPE DOC)
install(FILES conf/leadbridge.yaml DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(DIRECTORY docs/sources docs/monitoring TYPE DOC)
file(GLOB LB_GUIDES CONFIGURE_DEPENDS docs/*.md)
list(REMOVE_ITEM LB_GUIDES ${CMAKE_SOURCE_DIR}/docs/CONTRIBUTING.md)
install(FILES ${LB_GUIDES} docs/form-snippet.html docs/admin-api.yaml TYPE DOC)

# Debian 12 looks for units in /lib, for the others in /usr/lib.
set(LB_UNIT_DIR lib/systemd/system CACHE STRING "where systemd units go")
install(FILES systemd/leadbridged.service systemd/leadbridged.socket
	DESTINATION ${LB_UNIT_DIR})
install(FILES systemd/leadbridge.sysusers
	DESTINATION lib/sysusers.d RENAME leadbridge.conf)
install(FILES systemd/leadbridge.tmpfiles
	DESTINATION lib/tmpfiles.d RENAME leadbridge.conf)

# What shells need to complete leadbridgectl, made by itself.
if(NOT CMAKE_CROSSCOMPILING)
	set(made ${CMAKE_BINARY_DIR}/completion)
	add_custom_command(OUTPUT ${made}/leadbridgectl ${made}/_leadbridgectl
		COMMAND ${CMAKE_COMMAND} -E make_directory ${made}
		COMMAND leadbridgectl completion bash >${made}/leadbridgectl
		COMMAND leadbridgectl completion zsh >${made}/_leadbridgectl
		DEPENDS leadbridgectl)
	add_custom_target(completion ALL DEPENDS ${made}/leadbridgectl)
	install(FILES ${made}/leadbridgectl
		DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
	install(FILES ${made}/_leadbridgectl
		DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
endif()

# Man pages are written in scdoc; without it none are made.
find_program(LB_SCDOC scdoc)
find_program(LB_GZIP gzip)
if(LB_SCDOC AND LB_GZIP)
	file(GLOB pages CONFIGURE_DEPENDS docs/*.scd)
	foreach(page ${pages})
		get_filename_component(name ${page} NAME)
		string(REGEX REPLACE "\\.scd$" "" name ${name})
		string(REGEX REPLACE "^.*\\." "" section ${name})
		set(made ${CMAKE_BINARY_DIR}/man/${name}.gz)
		add_custom_command(OUTPUT ${made}
			COMMAND ${CMAKE_COMMAND} -E make_directory
				${CMAKE_BINARY_DIR}/man
			COMMAND sh -c "SOURCE_DATE_EPOCH=0 '${LB_SCDOC}' <'${page}' >'${CMAKE_BINARY_DIR}/man/${name}' && '${LB_GZIP}' -9nkf '${CMAKE_BINARY_DIR}/man/${name}'"
			DEPENDS ${page} VERBATIM)
		list(APPEND LB_PAGES ${made})
		install(FILES ${made}
			DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
	endforeach()
	add_custom_target(man ALL DEPENDS ${LB_PAGES})
else()
	message(STATUS "scdoc not found: no man pages")
endif()
