# SPDX-License-Identifier: MIT
# cpack -G DEB: a package that lintian has nothing to say about. The preset
# `package` builds it: cmake --workflow --preset package
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME leadbridge)
set(CPACK_PACKAGE_VENDOR "")
set(CPACK_PACKAGE_CONTACT
	"The leadbridge authors <authors@leadbridge.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "webhooks in, CRM leads out, nothing lost")
set(CPACK_PACKAGE_DESCRIPTION
"Takes webhooks from shops, CRMs, lead ads, phone systems, chat widgets and
web forms, proves who sent them, stores them, and only then answers. Each
becomes a lead that is delivered to a CRM until the CRM has it: same bytes,
same idempotency key, through outages, rate limits and restarts.
.
One process with SQLite inside; leadbridgectl shows and changes what it does.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "ca-certificates, systemd | systemd-standalone-sysusers | systemd-sysusers, systemd | systemd-standalone-tmpfiles | systemd-tmpfiles")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS logrotate)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_STRIP_FILES ON)
# /etc is not below the prefix.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
install(FILES conf/leadbridge.yaml DESTINATION /etc/leadbridge)
install(FILES conf/logrotate DESTINATION /etc/logrotate.d RENAME leadbridge)
install(FILES scripts/package/copyright TYPE DOC)
add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/changelog.gz
	COMMAND sh -c "'${LB_GZIP}' -9n <'${CMAKE_SOURCE_DIR}/scripts/package/changelog' >'${CMAKE_BINARY_DIR}/changelog.gz'"
	DEPENDS scripts/package/changelog VERBATIM)
add_custom_target(changelog ALL DEPENDS ${CMAKE_BINARY_DIR}/changelog.gz)
install(FILES ${CMAKE_BINARY_DIR}/changelog.gz TYPE DOC)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
	${CMAKE_SOURCE_DIR}/scripts/package/postinst
	${CMAKE_SOURCE_DIR}/scripts/package/prerm
	${CMAKE_SOURCE_DIR}/scripts/package/postrm
	${CMAKE_SOURCE_DIR}/scripts/package/conffiles)
include(CPack)
