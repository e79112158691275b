"""What clients were given of our nodes: answers to reads, and what subscriptions sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asyncua import Server, ua
from asyncua.common.callback import CallbackType, ServerItemCallback
from asyncua.server.internal_server import InternalServer
from asyncua.server.subscription_service import SubscriptionService

Told = Callable[[ua.NodeId, ua.DataValue], None]


def tell_what_is_given(server: Server, told: Told) -> None:
    """Call `told` for each value that a client was given; before any client connects.

    A read counts when it is answered, a subscription's value when it is sent. Whether the answer
    arrived is known as little as with a write of ours.
    """

    def after_read(event: ServerItemCallback, _: object) -> None:
        if not event.is_external:
            return
        asked, given = event.request_params.NodesToRead, event.response_params
        for one, value in zip(asked, given, strict=True):
            if one.AttributeId == ua.AttributeIds.Value:
                told(one.NodeId, value)

    server.subscribe_server_callback(CallbackType.PostRead, after_read)
    server.iserver.subscription_service = _ToldSubscriptions(server.iserver, told)


class _ToldSubscriptions(SubscriptionService):
    """Tells what is sent; clients give each item a handle, so these are kept."""

    def __init__(self, iserver: InternalServer, told: Told) -> None:
        super().__init__(iserver.aspace, iserver)
        self.standard_events = iserver.subscription_service.standard_events
        self._told = told
        self._nodes: dict[int, dict[int, ua.NodeId]] = {}

    async def create_subscription(
        self,
        params: ua.CreateSubscriptionParameters,
        callback: Callable[..., Any],
        session_id: ua.NodeId,
        request_callback: Callable[..., Any] | None = None,
    ) -> ua.CreateSubscriptionResult:
        return await super().create_subscription(
            params, self._telling(callback), session_id, request_callback=request_callback
        )

    async def transfer_subscriptions(
        self,
        params: ua.TransferSubscriptionsParameters,
        session_id: ua.NodeId,
        callback: Callable[..., Any],
    ) -> list[ua.TransferResult]:
        return await super().transfer_subscriptions(params, session_id, self._telling(callback))

    async def create_monitored_items(
        self, params: ua.CreateMonitoredItemsParameters
    ) -> list[ua.MonitoredItemCreateResult]:
        self._nodes = {one: of for one, of in self._nodes.items() if one in self.subscriptions}
        nodes = self._nodes.setdefault(params.SubscriptionId, {})
        for item in params.ItemsToCreate:
            if item.ItemToMonitor.AttributeId == ua.AttributeIds.Value:
                nodes[item.RequestedParameters.ClientHandle] = item.ItemToMonitor.NodeId
        return await super().create_monitored_items(params)

    def _telling(self, callback: Callable[..., Any]) -> Callable[..., Any]:
        async def send(result: ua.PublishResult, *more: Any) -> None:
            await callback(result, *more)
            nodes = self._nodes.get(result.SubscriptionId, {})
            for part in result.NotificationMessage.NotificationData or ():
                for item in getattr(part, "MonitoredItems", ()):
                    if item.ClientHandle in nodes:
                        self._told(nodes[item.ClientHandle], item.Value)

        return send
