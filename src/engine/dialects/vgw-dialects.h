/* All dialects, for vgw-dialect-table.c. See docs/ENGINE.md. */
#pragma once

#include "engine/dialects/vgw-dialect.h"

extern const VgwDialect vgw_dialect_native;
extern const VgwDialect vgw_dialect_twilio;
extern const VgwDialect vgw_dialect_jambonz;
extern const VgwDialect vgw_dialect_asterisk;
extern const VgwDialect vgw_dialect_vosk;
extern const VgwDialect vgw_dialect_audiosocket;
