/* One client's channel tied to its session: text to messages and back. It lives as long as the channel is open. */
#pragma once

#include "access/vgw-access.h"
#include "net/vgw-ws-channel.h"

G_BEGIN_DECLS

/* Makes a session in @table for @channel and keeps both until the channel has closed. Where there is no room the client
 * gets a fatal `busy` error, and the channel is closed with 1013; where it asks for an engine that is not for clients
 * (/ws?engine=NAME), `bad-request` and 1008. Main thread. */
void vgw_call_link_open (VgwSessionTable *table, VgwAccess *access, VgwWsChannel *channel);

G_END_DECLS
