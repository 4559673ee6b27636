/* What the doors that speak OpenAI's protocols share of HTTP. Main thread. */
#pragma once

#include "net/vgw-http-request.h"

/* Replies with {"error":{"type","code","message","param"}}; type and code follow from @status. @param (nullable): the
 * part of the request that is not good. */
void vgw_openai_reply_error (VgwHttpRequest *request, guint status, const char *param, const char *message);

/* The same for what the door itself refuses: it is logged. */
void vgw_openai_refuse (VgwHttpRequest *request, guint status, const char *param, const char *message);
