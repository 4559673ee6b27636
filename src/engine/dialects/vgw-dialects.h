/* The dialects that there are, one file each: for vgw-dialect-table.c. docs/ENGINE.md says what they speak. */
#pragma once

#include "engine/dialects/vgw-dialect.h"

extern const VgwDialect vgw_dialect_native;
extern const VgwDialect vgw_dialect_twilio;
extern const VgwDialect vgw_dialect_jambonz;
extern const VgwDialect vgw_dialect_asterisk;
extern const VgwDialect vgw_dialect_vosk;
extern const VgwDialect vgw_dialect_audiosocket;
